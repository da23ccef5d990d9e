-- Extension 4: recordings: indexes for getRecordings, and where the files of a recording belong.

-- Rows of 1.x may hold anything: an index must never refuse one.
create function b3scale_recording_start(state jsonb) returns bigint as $$
  select case when jsonb_typeof(state -> 'StartTime') = 'number' then trunc((state ->> 'StartTime')::numeric)::bigint else 0 end
$$ language sql immutable parallel safe;

-- BBB lowers the names of metadata, and filters by them without case.
create function b3scale_recording_metadata(state jsonb) returns jsonb as $$
  select coalesce(jsonb_object_agg(lower(key), value), '{}')
  from jsonb_each_text(case when jsonb_typeof(state -> 'Metadata') = 'object' then state -> 'Metadata' else '{}' end)
$$ language sql immutable parallel safe;

create index b3scale_recordings_newest_idx on recordings (frontend_id, b3scale_recording_start(state) desc, record_id);
create index b3scale_recordings_prefix_idx on recordings (frontend_id, record_id varchar_pattern_ops);
create index b3scale_recordings_metadata_idx on recordings using gin (b3scale_recording_metadata(state) jsonb_path_ops);

-- What is still to be done to the files of a recording: written together with its row, removed when it is done. The row
-- of a deleted recording is gone already. `wish` changes with each new target, so that whoever is at work notices.
create table b3scale_recording_moves (
  record_id     varchar(255) not null primary key,
  target        text         not null check (target in ('published', 'unpublished', 'trash')),
  wish          uuid         not null default uuid_generate_v4(),
  created_at    timestamp    not null default (now() at time zone 'utc'),
  due_at        timestamp    not null default (now() at time zone 'utc'),
  claimed_until timestamp        null,
  attempts      integer      not null default 0,
  last_error    text             null
);
