-- Extension 6: callbacks to frontends, from the moment the node was told "accepted" until they are delivered: then their
-- row goes. Those that cannot be delivered stay as dead for a while.

create table b3scale_callbacks (
  id            uuid         not null primary key default uuid_generate_v4(),
  frontend_id   uuid         not null references frontends (id) on delete cascade,
  kind          text         not null check (kind in ('meeting_ended', 'recording_ready', 'analytics')),
  url           text         not null,
  origin        text         not null, -- scheme, host and port of the URL
  claims        text             null, -- JSON; signed anew with the frontend's secret for each try
  body          text             null,
  record_id     text             null, -- it waits for this recording, until
  held_until    timestamp        null,
  request_id    text         not null,
  attempts      integer      not null default 0,
  last_error    text             null,
  created_at    timestamp    not null default (now() at time zone 'utc'),
  due_at        timestamp    not null default (now() at time zone 'utc'),
  claimed_until timestamp        null,
  give_up_at    timestamp    not null,
  died_at       timestamp        null,
  reason        text             null check (reason in ('refused', 'invalid', 'gone', 'expired')), -- why it is dead
  check ((died_at is null) = (reason is null))
);
create index b3scale_callbacks_waiting_idx on b3scale_callbacks (origin, due_at) where died_at is null;
create index b3scale_callbacks_created_at_idx on b3scale_callbacks (created_at);
