-- Extension 6: callbacks to frontends, from the moment the node was told "accepted" until they are delivered.

create table b3scale_callbacks (
  id            uuid         not null primary key default uuid_generate_v4(),
  frontend_id   uuid         not null references frontends (id) on delete cascade,
  kind          text         not null,
  method        text         not null,
  url           text         not null,
  content_type  text             null,
  body          text             null,
  state         text         not null default 'waiting' check (state in ('waiting', 'dead')),
  attempts      integer      not null default 0,
  last_error    text             null,
  request_id    text         not null default '',
  created_at    timestamp    not null default (now() at time zone 'utc'),
  due_at        timestamp    not null default (now() at time zone 'utc'),
  claimed_until timestamp        null
);
create index b3scale_callbacks_due_idx on b3scale_callbacks (due_at) where state = 'waiting';
create index b3scale_callbacks_created_at_idx on b3scale_callbacks (created_at);
