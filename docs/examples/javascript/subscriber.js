// A durable subscriber: every event once, in order, from its own place on.
//
//   node subscriber.js nats://NAME:PASSWORD@HOST:PORT --stream ALERTS --place place.json
//
// Each event is printed as one line of JSON; put your own work into `handle`. The place (the
// number of the last event handled) is kept in a file, so that the program may stop for a day,
// lose its connection, or find the stream made again, and goes on where it was.
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { connect, nanos, nuid } from "@nats-io/transport-node";
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const AT_ONCE = 200;
// After so long a silence the stream is asked again, from the place on: whatever happened to the
// server, the connection or the stream meanwhile, this finds what is there now.
const SILENCE_MS = Number(process.env.SILENCE_SECONDS ?? 10) * 1000;
const PAUSE_MS = 1_000;

// Your own work. It may be called again with the same event after a crash: look at its id.
async function handle(event) {
  process.stdout.write(JSON.stringify(event) + "\n");
}

class Place {
  constructor(file) {
    this.file = file;
    this.sequence = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).sequence : 0;
  }

  // On disk when this returns; the file is replaced as a whole.
  move(sequence) {
    const draft = `${this.file}.new`;
    const file = openSync(draft, "w");
    writeSync(file, JSON.stringify({ sequence }));
    fsyncSync(file);
    closeSync(file);
    renameSync(draft, this.file);
    this.sequence = sequence;
  }
}

// The subjects of these events within an area: 220581 is events.<service>.<type>.22.05.81.>
function subjects(service, types, area) {
  const parts = [];
  for (const width of [2, 2, 2, 3, 3, 3]) {
    if (area) parts.push(area.slice(0, width));
    area = area.slice(width);
  }
  if (parts.length < 6) parts.push(">");
  return types.map((name) => `events.${service}.${name}.${parts.join(".")}`);
}

// The schemas of a site, fetched once each; `dataschema` is the name of the schema of the data.
function checking(site) {
  const ajv = addFormats(new Ajv({ strict: false }));
  const known = new Map();
  return async (event) => {
    const name = event.dataschema;
    if (!known.has(name)) {
      const answer = await fetch(`${site}/schemas/${name}`);
      known.set(name, ajv.compile(await answer.json()));
    }
    const fits = known.get(name);
    if (!fits(event.data)) throw new Error(`${event.id}: ${ajv.errorsText(fits.errors)}`);
  };
}

function consumer(place, since, filters) {
  const start = place.sequence
    ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: place.sequence + 1 }
    : since
      ? { deliver_policy: DeliverPolicy.StartTime, opt_start_time: since.toISOString() }
      : { deliver_policy: DeliverPolicy.All };
  return {
    ...start,
    name: nuid.next(),
    ack_policy: AckPolicy.None,
    inactive_threshold: nanos(60_000),
    // Without filters it is all that this account may read.
    ...(filters.length ? { filter_subjects: filters } : {}),
  };
}

// Handles events until there is a silence; throws when anything is amiss.
async function read(nc, asked) {
  const { stream, place, since, filters, check } = asked;
  const jsm = await jetstreamManager(nc);
  const { state } = await jsm.streams.info(stream);
  if (place.sequence && state.first_seq > place.sequence + 1) {
    warn(`${stream} begins at ${state.first_seq}: ask for \`bulwark refill\` if you need those before`);
  }
  if (state.last_seq < place.sequence) {
    warn(`${stream} ends before our place: it is being made again, or its site was restored`);
  }
  const made = await jsm.consumers.add(stream, consumer(place, since, filters));
  const feed = await jetstream(nc).consumers.get(stream, made.name);
  let expected = 1;
  for (;;) {
    let silent = true;
    const messages = await feed.fetch({ max_messages: AT_ONCE, expires: SILENCE_MS });
    for await (const message of messages) {
      if (message.info.deliverySequence !== expected) throw new Error("a message is missing");
      expected += 1;
      silent = false;
      const event = message.json();
      // The server goes by when it stored an event, we by when it was recorded.
      if (!since || new Date(event.time) >= since) {
        await check(event);
        await handle(event);
      }
      place.move(message.seq);
    }
    if (silent) return;
  }
}

function warn(text) {
  process.stderr.write(text + "\n");
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    stream: { type: "string" },
    place: { type: "string", default: "place.json" },
    from: { type: "string" },
    types: { type: "string", default: "" },
    area: { type: "string", default: "" },
    schemas: { type: "string" },
  },
});
if (positionals.length !== 1 || !values.stream || (values.area && !values.types)) {
  warn("node subscriber.js URL --stream ALERTS [--types a,b [--area 220581]] [--from TIME] [--place FILE] [--schemas SITE]");
  process.exit(2);
}
const types = values.types ? values.types.split(",") : [];
const asked = {
  stream: values.stream,
  place: new Place(values.place),
  since: values.from ? new Date(values.from) : null,
  filters: subjects(values.stream.toLowerCase(), types, values.area),
  check: values.schemas ? checking(values.schemas) : async () => {},
};
// The user and the password stand in the URL.
const url = new URL(positionals[0]);
const nc = await connect({
  servers: url.host,
  user: decodeURIComponent(url.username),
  pass: decodeURIComponent(url.password),
  maxReconnectAttempts: -1,
});
for (const name of ["SIGINT", "SIGTERM"]) process.on(name, () => process.exit(0));
for (;;) {
  try {
    await read(nc, asked);
  } catch (error) {
    warn(String(error));
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
}
