// A durable subscriber: every event once, in order, from its own place on.
//
//   node subscriber.js nats://NAME:PASSWORD@HOST:PORT --stream ALERTS --place place.json
//
// Each event is printed as one line of JSON; put your own work into `handle`. The place (number
// and id of the last event handled) is kept in a file, so that the program may stop for a day,
// lose its connection, or find the stream made again, and goes on where it was. It ends, with a
// line that says why, when the number means another event now.
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

// The program cannot go on by itself; the message says why.
class Ended extends Error {}

// The last event handled, by number and id, and up to where there was none of ours since.
class Place {
  constructor(file) {
    this.file = file;
    const kept = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
    this.sequence = kept.sequence ?? 0;
    this.id = kept.id ?? null;
    this.seen = kept.seen ?? this.sequence;
  }

  // On disk when this returns; the file is replaced as a whole.
  move(sequence, id, seen) {
    const draft = `${this.file}.new`;
    const file = openSync(draft, "w");
    writeSync(file, JSON.stringify({ sequence, id, seen }));
    fsyncSync(file);
    closeSync(file);
    renameSync(draft, this.file);
    Object.assign(this, { sequence, id, seen });
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
  // With the event of the place itself: that it comes again shows that the numbers still mean the
  // same events.
  const first = place.id ? place.sequence : place.sequence + 1;
  const start = place.sequence
    ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: first }
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
  const info = await jsm.streams.info(stream);
  const { state } = info;
  if (state.last_seq < place.sequence) {
    warn(`${stream} ends before our place: it is being made again, or its site was restored`);
    return pause(SILENCE_MS);
  }
  if (place.sequence && state.first_seq > place.seen + 1) {
    warn(`${stream} begins at ${state.first_seq}: ask for \`bulwark refill\` if you need those before`);
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
      if (expected === 2 && (await isLast(jsm, info, place, message.seq, event))) continue;
      // The server goes by when it stored an event, we by when it was recorded.
      if (!since || new Date(event.time) >= since) {
        await check(event);
        await handle(event);
      }
      place.move(message.seq, event.id, message.seq);
    }
    if (!silent) continue;
    // Nothing of ours lies behind the place: it may grow old without being missed.
    const left = (await feed.info()).num_pending;
    if (!left && place.sequence && state.last_seq > place.seen) {
      place.move(place.sequence, place.id, state.last_seq);
    }
    return;
  }
}

// Whether the first event that came is the one that we handled last; throws when that one should
// have come, and did not.
async function isLast(jsm, info, place, sequence, event) {
  if (!place.id || info.state.first_seq > place.sequence) return false;
  if (sequence === place.sequence && event.id === place.id) return true;
  const now = await jsm.streams.info(info.config.name);
  if (sequence < place.sequence || now.created !== info.created) {
    throw new Error("the stream is being made again");
  }
  // It has just grown too old, which says nothing of its number; the next look knows that.
  if (now.state.first_seq > place.sequence) throw new Error("the stream begins later now");
  throw new Ended(
    `${info.config.name}: number ${place.sequence} is no longer the event that we handled. The site was ` +
      "restored from a backup, or what we may read has changed. Settle with county IT from where " +
      `to read, and write that into ${place.file}: {"sequence": LAST NUMBER THAT STILL HOLDS}`,
  );
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

function end(why) {
  warn(why);
  process.exit(1);
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
const since = values.from ? new Date(values.from) : null;
if (since && (!/(Z|[+-]\d\d:\d\d)$/.test(values.from) || isNaN(since))) {
  warn("--from needs a date with an offset: 2021-01-18T08:00:00+08:00");
  process.exit(2);
}
const types = values.types ? values.types.split(",") : [];
const asked = {
  stream: values.stream,
  place: new Place(values.place),
  since,
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
nc.closed().then(() => end("the connection is closed for good: is the account still there?"));
for (;;) {
  try {
    await read(nc, asked);
  } catch (error) {
    if (error instanceof Ended) end(error.message);
    warn(String(error));
    await pause(PAUSE_MS);
  }
}
