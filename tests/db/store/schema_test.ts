// The schema as b3scale 1.x knows it, column by column. What differs from this breaks a 1.x process on the same database.
import assert from "node:assert/strict";
import { testDatabase } from "../../support/test_db.ts";

const V4 = "uuid_generate_v4()";
const NOW = "CURRENT_TIMESTAMP";
const TIMES = [["created_at", "timestamp", "no", NOW], ["updated_at", "timestamp", "no", NOW], [
  "synced_at",
  "timestamp",
  "no",
  NOW,
]];

/** Column, type, null, default; in the order of the table. Tables of our own are called `b3scale_…`. */
const COLUMNS: Record<string, string[][]> = {
  backends: [
    ["id", "uuid", "no", V4],
    ["node_state", "instance_state", "no", "'init'::instance_state"],
    ["admin_state", "instance_state", "no", "'stopped'::instance_state"],
    ["agent_heartbeat", "timestamp", "no", "'2000-01-01 00:00:00'::timestamp without time zone"],
    ["latency", "bigint", "no", "0"],
    ["meetings_count", "integer", "no", "0"],
    ["attendees_count", "integer", "no", "0"],
    ["load_factor", "real", "no", "1.0"],
    ["last_error", "text", "yes", ""],
    ["host", "text", "no", ""],
    ["secret", "text", "no", ""],
    ["settings", "jsonb", "no", "'{}'::jsonb"],
    ...TIMES,
    ["agent_ref", "varchar(64)", "yes", ""],
  ],
  frontends: [
    ["id", "uuid", "no", V4],
    ["key", "text", "no", ""],
    ["secret", "text", "no", ""],
    ["account_ref", "varchar(80)", "yes", ""],
    ["settings", "jsonb", "no", "'{}'::jsonb"],
    ["active", "boolean", "no", "true"],
    ...TIMES,
  ],
  frontend_meetings: [
    ["frontend_id", "uuid", "no", ""],
    ["meeting_id", "varchar(255)", "no", ""],
    ["seen_at", "timestamp", "no", NOW],
  ],
  meetings: [
    ["id", "varchar(255)", "no", ""],
    ["internal_id", "varchar(255)", "yes", ""],
    ["state", "jsonb", "no", ""],
    ["frontend_id", "uuid", "yes", ""],
    ["backend_id", "uuid", "yes", ""],
    ...TIMES,
  ],
  recordings: [
    ["state", "jsonb", "no", ""],
    ["text_track_states", "jsonb", "no", "'[]'::jsonb"],
    ["record_id", "varchar(255)", "no", ""],
    ["frontend_id", "uuid", "no", ""],
    ["meeting_id", "varchar(255)", "no", ""],
    ["internal_meeting_id", "varchar(255)", "no", ""],
    ...TIMES,
  ],
  commands: [
    ["id", "uuid", "no", V4],
    ["seq", "integer", "no", "nextval('commands_seq_seq'::regclass)"],
    ["state", "command_state", "yes", "'requested'::command_state"],
    ["action", "varchar(80)", "no", ""],
    ["params", "json", "yes", ""],
    ["result", "json", "yes", ""],
    ["deadline", "timestamp", "no", ""],
    ["started_at", "timestamp", "yes", ""],
    ["stopped_at", "timestamp", "yes", ""],
    ["created_at", "timestamp", "no", NOW],
  ],
  __meta__: [
    ["version", "integer", "no", ""],
    ["description", "text", "no", ""],
    ["applied_at", "timestamp", "no", NOW],
  ],
};

const CONSTRAINTS = [
  "__meta__: __meta___version_key UNIQUE (version)",
  "backends: backends_agent_ref_key UNIQUE (agent_ref)",
  "backends: backends_host_key UNIQUE (host)",
  "backends: backends_pkey PRIMARY KEY (id)",
  "commands: commands_pkey PRIMARY KEY (id)",
  "frontend_meetings: frontend_meetings_frontend_id_fkey FOREIGN KEY (frontend_id) REFERENCES frontends(id) ON DELETE CASCADE",
  "frontend_meetings: frontend_meetings_meeting_id_key UNIQUE (meeting_id)",
  "frontends: frontends_key_key UNIQUE (key)",
  "frontends: frontends_pkey PRIMARY KEY (id)",
  "meetings: meetings_backend_id_fkey FOREIGN KEY (backend_id) REFERENCES backends(id) ON DELETE SET NULL",
  "meetings: meetings_frontend_id_fkey FOREIGN KEY (frontend_id) REFERENCES frontends(id) ON DELETE CASCADE",
  "meetings: meetings_internal_id_key UNIQUE (internal_id)",
  "meetings: meetings_pkey PRIMARY KEY (id)",
  "recordings: recordings_frontend_id_fkey FOREIGN KEY (frontend_id) REFERENCES frontends(id) ON DELETE CASCADE",
  "recordings: recordings_pkey PRIMARY KEY (record_id)",
];

/** On its tables; those that no constraint has made. */
const INDEXES = [
  "b3scale_commands_state_seq_idx ON commands USING btree (state, seq)",
  "b3scale_meetings_backend_id_idx ON meetings USING btree (backend_id)",
  "b3scale_meetings_frontend_id_idx ON meetings USING btree (frontend_id)",
  "idx_frontends_account_ref ON frontends USING hash (account_ref)",
  "idx_recordings_internal_meeting_id ON recordings USING btree (internal_meeting_id)",
  "idx_recordings_meeting_id ON recordings USING btree (meeting_id)",
];

Deno.test("migrations create exactly the columns of schema version 2, beside tables of our own", async () => {
  await using test = await testDatabase();
  const rows = await test.pool<{ name: string; column: string[] }[]>`
    select c.relname as name, array[a.attname::text,
      replace(replace(format_type(a.atttypid, a.atttypmod), 'timestamp without time zone', 'timestamp'), 'character varying', 'varchar'),
      case when a.attnotnull then 'no' else 'yes' end, coalesce(pg_get_expr(d.adbin, d.adrelid), '')] as column
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname not like 'b3scale\\_%' order by c.relname, a.attnum`;
  const tables: Record<string, string[][]> = {};
  for (const { name, column } of rows) (tables[name] ??= []).push(column);
  assert.deepEqual(tables, COLUMNS);
});

Deno.test("migrations name constraints and indexes as 1.x expects them", async () => {
  await using test = await testDatabase();
  const constraints = await test.pool<{ text: string }[]>`
    select conrelid::regclass || ': ' || conname || ' ' || pg_get_constraintdef(oid) as text from pg_constraint
    where connamespace = 'public'::regnamespace and contype in ('p', 'u', 'f', 'c', 'x')
      and conrelid::regclass::text not like 'b3scale\\_%'`;
  assert.deepEqual(constraints.map((row) => row.text).sort(), CONSTRAINTS);
  const indexes = await test.pool<{ text: string }[]>`
    select regexp_replace(replace(indexdef, 'public.', ''), '^CREATE (UNIQUE )?INDEX ', '\\1') as text from pg_indexes
    where schemaname = 'public' and indexname not in (select conname from pg_constraint)
      and tablename not like 'b3scale\\_%'`;
  assert.deepEqual(indexes.map((row) => row.text).sort(), INDEXES);
});

Deno.test("migrations create the enums and the sequence", async () => {
  await using test = await testDatabase();
  const enums = await test
    .pool`select t.typname as name, array_agg(e.enumlabel::text order by e.enumsortorder) as labels
    from pg_type t join pg_enum e on e.enumtypid = t.oid group by t.typname order by t.typname`;
  assert.deepEqual([...enums], [
    { name: "command_state", labels: ["requested", "running", "success", "error"] },
    { name: "instance_state", labels: ["init", "ready", "error", "stopped", "decommissioned"] },
  ]);
  const [sequence] = await test.pool`select pg_get_serial_sequence('commands', 'seq') as name`;
  assert.equal(sequence?.name, "public.commands_seq_seq");
});

Deno.test("command_insert deletes commands one minute past their deadline in UTC and notifies commands_queue", async () => {
  await using test = await testDatabase();
  const payload = Promise.withResolvers<string>();
  await test.pool.listen("commands_queue", payload.resolve);
  await test.pool.begin(async (tx) => {
    await tx`set local timezone = 'Pacific/Auckland'`; // a 1.x process on a host that is not in UTC
    const insert = (action: string, age: string) =>
      tx`insert into commands (action, deadline) values (${action}, (now() at time zone 'utc') - ${age}::interval)`;
    await insert("old", "61 seconds");
    await insert("late", "59 seconds");
    await insert("new", "-120 seconds");
  });
  assert.equal(await payload.promise, "");
  const rows = await test.pool<{ action: string; state: string }[]>`select action, state from commands order by seq`;
  assert.deepEqual([...rows], [{ action: "late", state: "requested" }, { action: "new", state: "requested" }]);
});
