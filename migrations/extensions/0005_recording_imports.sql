-- Extension 5: uploaded formats of recordings, from the moment their files are safe until the recording is there. A row
-- that is done stays: the same upload again is answered without reading it.

-- `folder` is where the files wait, beside the inbox; a newer upload of the same format brings its own. States: requested
-- (nothing is done), moving (the recording's row is written, the files are not in place yet), done, failed (until somebody
-- says "again"). `claim` is whoever is at work, until `claimed_until`.
create table b3scale_recording_imports (
  id            uuid         not null primary key default uuid_generate_v4(),
  record_id     varchar(255) not null,
  format        varchar(255) not null,
  digest        text         not null,
  folder        uuid         not null,
  state         text         not null default 'requested' check (state in ('requested', 'moving', 'done', 'failed')),
  reason        text             null,
  attempts      integer      not null default 0,
  created_at    timestamp    not null default (now() at time zone 'utc'),
  due_at        timestamp    not null default (now() at time zone 'utc'),
  claim         uuid             null,
  claimed_until timestamp        null,
  finished_at   timestamp        null,
  unique (record_id, format)
);
create index b3scale_recording_imports_due_idx on b3scale_recording_imports (due_at) where state in ('requested', 'moving');
create index b3scale_recording_imports_created_at_idx on b3scale_recording_imports (created_at);
