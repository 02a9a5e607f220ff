"""The OpenAPI documents as a TypeScript programmer takes them: types are made of them, and hold."""

import json
import subprocess
from pathlib import Path

import pytest

from bulwark.registry import SERVICES
from bulwark.server.routes import routes_of
from shared.http.openapi import document

BIN = Path(__file__).parent / "node_modules" / ".bin"
# A program that reads one answer of each kind: it compiles only if the types say what is answered.
READER = """\
import type { paths } from "./alerts";

type Listed = paths["/alerts/elections"]["get"]["responses"][200]["content"]["application/json"];
type Refused = paths["/alerts/elections/{election_id}"]["patch"]["responses"][409]["content"][
  "application/problem+json"];

export function due(page: Listed): string[] {
  return page.items.filter((one) => one.decision_due).map((one) => `${one.name} ${one.polling_on}`);
}

export function why(problem: Refused): string {
  return `${problem.status} ${problem.title}`;
}
"""
STRICT = ("--noEmit", "--strict", "--skipLibCheck", "false", "--target", "es2022")


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=600, check=False
    )


def types_of(service: str, folder: Path) -> Path:
    described = folder / f"{service}.json"
    made = folder / f"{service}.ts"
    routes = routes_of(service)
    described.write_text(json.dumps(document(service, routes)), encoding="utf-8")
    done = run(BIN / "openapi-typescript", described, "--output", made)
    assert done.returncode == 0, done.stderr
    return made


@pytest.mark.parametrize("service", SERVICES)
def test_types_are_made_and_compile_when_a_document_is_read(service: str, tmp_path: Path) -> None:
    made = types_of(service, tmp_path)
    done = run(BIN / "tsc", *STRICT, made)
    assert done.returncode == 0, done.stdout
    assert f'"/{service}/openapi.json"' in made.read_text(encoding="utf-8")


def test_program_compiles_only_when_it_reads_what_is_declared(tmp_path: Path) -> None:
    types_of("alerts", tmp_path)
    reader = tmp_path / "reader.ts"
    reader.write_text(READER, encoding="utf-8")
    done = run(BIN / "tsc", *STRICT, reader)
    assert done.returncode == 0, done.stdout
    reader.write_text(READER.replace("decision_due", "decision_dew"), encoding="utf-8")
    assert "decision_dew" in run(BIN / "tsc", *STRICT, reader).stdout
