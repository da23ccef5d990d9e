-- Extension 4: recordings: what getRecordings looks for, and where the files of a recording belong.

-- What recordings are found by, beside rows that are too big to be read for it. A trigger keeps it, so that it holds for
-- what a 1.x process writes as well; such rows may hold anything, and none may be refused for it.
create table b3scale_recording_index (
  record_id   varchar(255) not null primary key references recordings (record_id) on update cascade on delete cascade,
  frontend_id uuid         not null,
  state       text         not null,
  start_time  bigint       not null,
  metadata    jsonb        not null
);
create index b3scale_recording_index_newest_idx on b3scale_recording_index
  (frontend_id, start_time desc, record_id) include (state);
create index b3scale_recording_index_prefix_idx on b3scale_recording_index (frontend_id, record_id varchar_pattern_ops);
create index b3scale_recording_index_metadata_idx on b3scale_recording_index using gin (metadata jsonb_path_ops);

create function b3scale_recording_start(state jsonb) returns bigint as $$
  select case when jsonb_typeof(state -> 'StartTime') <> 'number' then 0
    when (state ->> 'StartTime')::numeric between 0 and 9007199254740991 then (state ->> 'StartTime')::numeric::bigint
    else 0 end
$$ language sql immutable parallel safe;

-- BBB lowers the names of metadata, and filters by them without case.
create function b3scale_recording_metadata(state jsonb) returns jsonb as $$
  select coalesce(jsonb_object_agg(lower(key), value), '{}')
  from jsonb_each_text(case when jsonb_typeof(state -> 'Metadata') = 'object' then state -> 'Metadata' else '{}' end)
$$ language sql immutable parallel safe;

create function b3scale_index_recording() returns trigger as $$
begin
  insert into b3scale_recording_index (record_id, frontend_id, state, start_time, metadata)
  values (new.record_id, new.frontend_id, coalesce(left(new.state ->> 'State', 64), ''),
    coalesce(b3scale_recording_start(new.state), 0), b3scale_recording_metadata(new.state))
  on conflict (record_id) do update set frontend_id = excluded.frontend_id, state = excluded.state,
    start_time = excluded.start_time, metadata = excluded.metadata;
  return null;
end
$$ language plpgsql;

create trigger b3scale_recordings_index after insert or update on recordings
  for each row execute function b3scale_index_recording();

insert into b3scale_recording_index (record_id, frontend_id, state, start_time, metadata)
select record_id, frontend_id, coalesce(left(state ->> 'State', 64), ''), coalesce(b3scale_recording_start(state), 0),
  b3scale_recording_metadata(state)
from recordings;

-- What is still to be done to the files of a recording: written together with its row, removed when it is done. The row
-- of a deleted recording is gone already. `wish` changes with each new target, so that whoever is at work notices;
-- `claim` is whoever is at work, until `claimed_until`.
create table b3scale_recording_moves (
  record_id     varchar(255) not null primary key,
  target        text         not null check (target in ('published', 'unpublished', 'trash')),
  wish          uuid         not null default uuid_generate_v4(),
  wished_at     timestamp    not null default (now() at time zone 'utc'),
  due_at        timestamp    not null default (now() at time zone 'utc'),
  claim         uuid             null,
  claimed_until timestamp        null,
  attempts      integer      not null default 0,
  last_error    text             null
);
