-- Extension 5: uploaded formats of recordings, from the moment their files are safe until the recording is there. A row
-- that is done stays: the same upload again is answered without reading it.

create table b3scale_recording_imports (
  id            uuid         not null primary key default uuid_generate_v4(),
  record_id     varchar(255) not null,
  format        varchar(255) not null,
  digest        text         not null,
  state         text         not null default 'requested' check (state in ('requested', 'done', 'failed')),
  reason        text             null,
  attempts      integer      not null default 0,
  created_at    timestamp    not null default (now() at time zone 'utc'),
  due_at        timestamp    not null default (now() at time zone 'utc'),
  claimed_until timestamp        null,
  finished_at   timestamp        null,
  unique (record_id, format)
);
create index b3scale_recording_imports_due_idx on b3scale_recording_imports (due_at) where state = 'requested';
