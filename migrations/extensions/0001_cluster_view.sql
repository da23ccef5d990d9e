-- Extension 1: what the cluster view, the placement of meetings and the health of nodes need beside schema version 2.
-- Additive only: a b3scale 1.x process goes on reading and writing its tables and never sees these.
-- Times are UTC without a zone, set explicitly so that a session in another time zone writes the same.

-- The backend chosen for a meeting before its node has answered; meetings.backend_id stays null until then.
create table b3scale_reservations (
  meeting_id   varchar(255) not null primary key references meetings (id) on delete cascade,
  backend_id   uuid         not null references backends (id) on delete cascade,
  expected     integer      not null default 15,
  created_at   timestamp    not null default (now() at time zone 'utc'),
  confirmed_at timestamp        null
);
create index if not exists b3scale_reservations_backend_id_idx on b3scale_reservations (backend_id);
create index if not exists b3scale_reservations_created_at_idx on b3scale_reservations (created_at);

-- Finer than node_state; no row means: nothing of ours is known about the node yet.
create table b3scale_backend_health (
  backend_id   uuid      not null primary key references backends (id) on delete cascade,
  failed_polls integer   not null default 0,
  failed_at    timestamp     null,
  good_at      timestamp     null,
  last_error   text          null,
  due_at       timestamp     null
);

-- How full a room has been before: the size expected of its next meeting.
create table b3scale_room_peaks (
  frontend_id uuid         not null references frontends (id) on delete cascade,
  meeting_id  varchar(255) not null,
  peak        integer      not null,
  seen_at     timestamp    not null default (now() at time zone 'utc'),
  primary key (frontend_id, meeting_id)
);

create index if not exists b3scale_meetings_frontend_id_idx on meetings (frontend_id);
create index if not exists b3scale_meetings_backend_id_idx on meetings (backend_id);
create index if not exists b3scale_commands_state_seq_idx on commands (state, seq);

-- Sends `<kind>:<JSON array of ids>` on b3scale_changes, as many times as it takes: PostgreSQL refuses a payload of
-- 8000 bytes or more, and one id needs at most 255 characters of 6 bytes each (\u0001).
create function b3scale_notify(kind text, ids text[]) returns void as $$
declare
  item    text;
  payload text := '';
begin
  if ids is null then
    return;
  end if;
  foreach item in array ids loop
    item := to_json(item)::text;
    if payload <> '' and octet_length(payload) + octet_length(item) > 7900 then
      perform pg_notify('b3scale_changes', kind || ':[' || payload || ']');
      payload := '';
    end if;
    payload := payload || case when payload = '' then '' else ',' end || item;
  end loop;
  if payload <> '' then
    perform pg_notify('b3scale_changes', kind || ':[' || payload || ']');
  end if;
end;
$$ language plpgsql;

-- One function per table. A trigger with transition tables takes one event and no column list, so each table has three
-- triggers and the update branch itself compares the columns that matter. The full join keeps both ids of a renamed row.

create function b3scale_frontends_changed() returns trigger as $$
declare
  ids text[];
begin
  if tg_op = 'INSERT' then
    select array_agg(id::text) into ids from new_rows;
  elsif tg_op = 'DELETE' then
    select array_agg(id::text) into ids from old_rows;
  else
    select array_agg(coalesce(n.id, o.id)::text) into ids from new_rows n full join old_rows o on n.id = o.id
    where n.id is null or o.id is null
      or (n.key, n.secret, n.account_ref, n.settings, n.active)
        is distinct from (o.key, o.secret, o.account_ref, o.settings, o.active);
  end if;
  perform b3scale_notify('frontends', ids);
  return null;
end;
$$ language plpgsql;

-- Heartbeats, latency, counters and synced_at change every few seconds on every node: they are read in bulk instead.
create function b3scale_backends_changed() returns trigger as $$
declare
  ids text[];
begin
  if tg_op = 'INSERT' then
    select array_agg(id::text) into ids from new_rows;
  elsif tg_op = 'DELETE' then
    select array_agg(id::text) into ids from old_rows;
  else
    select array_agg(coalesce(n.id, o.id)::text) into ids from new_rows n full join old_rows o on n.id = o.id
    where n.id is null or o.id is null
      or (n.node_state, n.admin_state, n.load_factor, n.last_error, n.host, n.secret, n.settings, n.agent_ref)
        is distinct from
        (o.node_state, o.admin_state, o.load_factor, o.last_error, o.host, o.secret, o.settings, o.agent_ref);
  end if;
  perform b3scale_notify('backends', ids);
  return null;
end;
$$ language plpgsql;

create function b3scale_meetings_changed() returns trigger as $$
declare
  ids text[];
begin
  if tg_op = 'INSERT' then
    select array_agg(id::text) into ids from new_rows;
  elsif tg_op = 'DELETE' then
    select array_agg(id::text) into ids from old_rows;
  else
    select array_agg(coalesce(n.id, o.id)::text) into ids from new_rows n full join old_rows o on n.id = o.id
    where n.id is null or o.id is null
      or (n.internal_id, n.state, n.frontend_id, n.backend_id)
        is distinct from (o.internal_id, o.state, o.frontend_id, o.backend_id);
  end if;
  perform b3scale_notify('meetings', ids);
  return null;
end;
$$ language plpgsql;

create function b3scale_reservations_changed() returns trigger as $$
declare
  ids text[];
begin
  if tg_op = 'INSERT' then
    select array_agg(meeting_id::text) into ids from new_rows;
  elsif tg_op = 'DELETE' then
    select array_agg(meeting_id::text) into ids from old_rows;
  else
    select array_agg(coalesce(n.meeting_id, o.meeting_id)::text) into ids
    from new_rows n full join old_rows o on n.meeting_id = o.meeting_id
    where n.meeting_id is null or o.meeting_id is null
      or (n.backend_id, n.expected, n.confirmed_at) is distinct from (o.backend_id, o.expected, o.confirmed_at);
  end if;
  perform b3scale_notify('meetings', ids);
  return null;
end;
$$ language plpgsql;

-- A good poll after a good poll moves good_at only: that is no news.
create function b3scale_backend_health_changed() returns trigger as $$
declare
  ids text[];
begin
  if tg_op = 'INSERT' then
    select array_agg(backend_id::text) into ids from new_rows;
  elsif tg_op = 'DELETE' then
    select array_agg(backend_id::text) into ids from old_rows;
  else
    select array_agg(coalesce(n.backend_id, o.backend_id)::text) into ids
    from new_rows n full join old_rows o on n.backend_id = o.backend_id
    where n.backend_id is null or o.backend_id is null
      or (n.failed_polls, n.last_error, coalesce(n.failed_at > n.good_at, n.failed_at is not null))
        is distinct from
        (o.failed_polls, o.last_error, coalesce(o.failed_at > o.good_at, o.failed_at is not null));
  end if;
  perform b3scale_notify('backends', ids);
  return null;
end;
$$ language plpgsql;

create trigger b3scale_inserted after insert on frontends
  referencing new table as new_rows for each statement execute function b3scale_frontends_changed();
create trigger b3scale_updated after update on frontends
  referencing old table as old_rows new table as new_rows for each statement execute function b3scale_frontends_changed();
create trigger b3scale_deleted after delete on frontends
  referencing old table as old_rows for each statement execute function b3scale_frontends_changed();

create trigger b3scale_inserted after insert on backends
  referencing new table as new_rows for each statement execute function b3scale_backends_changed();
create trigger b3scale_updated after update on backends
  referencing old table as old_rows new table as new_rows for each statement execute function b3scale_backends_changed();
create trigger b3scale_deleted after delete on backends
  referencing old table as old_rows for each statement execute function b3scale_backends_changed();

create trigger b3scale_inserted after insert on meetings
  referencing new table as new_rows for each statement execute function b3scale_meetings_changed();
create trigger b3scale_updated after update on meetings
  referencing old table as old_rows new table as new_rows for each statement execute function b3scale_meetings_changed();
create trigger b3scale_deleted after delete on meetings
  referencing old table as old_rows for each statement execute function b3scale_meetings_changed();

create trigger b3scale_inserted after insert on b3scale_reservations
  referencing new table as new_rows for each statement execute function b3scale_reservations_changed();
create trigger b3scale_updated after update on b3scale_reservations
  referencing old table as old_rows new table as new_rows for each statement execute function b3scale_reservations_changed();
create trigger b3scale_deleted after delete on b3scale_reservations
  referencing old table as old_rows for each statement execute function b3scale_reservations_changed();

create trigger b3scale_inserted after insert on b3scale_backend_health
  referencing new table as new_rows for each statement execute function b3scale_backend_health_changed();
create trigger b3scale_updated after update on b3scale_backend_health
  referencing old table as old_rows new table as new_rows for each statement execute function b3scale_backend_health_changed();
create trigger b3scale_deleted after delete on b3scale_backend_health
  referencing old table as old_rows for each statement execute function b3scale_backend_health_changed();
