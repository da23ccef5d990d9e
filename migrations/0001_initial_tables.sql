-- Schema version 1: every table that b3scale 1.x works on. Applied by src/store/migrate.ts; never edited afterwards,
-- because a 1.x process reads and writes the same tables. Names of constraints are PostgreSQL's own defaults.
-- Timestamps are UTC without a zone: current_timestamp is right only in a session whose time zone is UTC.

create extension if not exists "uuid-ossp";

create type instance_state as enum ('init', 'ready', 'error', 'stopped', 'decommissioned');
create type command_state as enum ('requested', 'running', 'success', 'error');

create table backends (
  id              uuid           not null default uuid_generate_v4() primary key,
  node_state      instance_state not null default 'init',
  admin_state     instance_state not null default 'stopped',
  agent_heartbeat timestamp      not null default '2000-01-01 00:00:00',
  latency         bigint         not null default 0, -- nanoseconds
  meetings_count  integer        not null default 0,
  attendees_count integer        not null default 0,
  load_factor     real           not null default 1.0,
  last_error      text               null,
  host            text           not null unique,
  secret          text           not null,
  settings        jsonb          not null default '{}',
  created_at      timestamp      not null default current_timestamp,
  updated_at      timestamp      not null default current_timestamp,
  synced_at       timestamp      not null default current_timestamp
);

create table frontends (
  id          uuid        not null default uuid_generate_v4() primary key,
  key         text        not null unique,
  secret      text        not null,
  account_ref varchar(80)     null,
  settings    jsonb       not null default '{}',
  active      boolean     not null default true,
  created_at  timestamp   not null default current_timestamp,
  updated_at  timestamp   not null default current_timestamp,
  synced_at   timestamp   not null default current_timestamp
);
create index idx_frontends_account_ref on frontends using hash (account_ref);

-- Outlives the meeting: a recording arrives hours later and must find its frontend.
create table frontend_meetings (
  frontend_id uuid         not null references frontends (id) on delete cascade,
  meeting_id  varchar(255) not null unique,
  seen_at     timestamp    not null default current_timestamp
);

create table meetings (
  id          varchar(255) not null primary key, -- as sent to the node
  internal_id varchar(255)     null unique,
  state       jsonb        not null,
  frontend_id uuid             null references frontends (id) on delete cascade,
  backend_id  uuid             null references backends (id) on delete set null,
  created_at  timestamp    not null default current_timestamp,
  updated_at  timestamp    not null default current_timestamp,
  synced_at   timestamp    not null default current_timestamp
);

create table recordings (
  state               jsonb        not null,
  text_track_states   jsonb        not null default '[]',
  record_id           varchar(255) not null primary key,
  frontend_id         uuid         not null references frontends (id) on delete cascade,
  meeting_id          varchar(255) not null,
  internal_meeting_id varchar(255) not null,
  created_at          timestamp    not null default current_timestamp,
  updated_at          timestamp    not null default current_timestamp,
  synced_at           timestamp    not null default current_timestamp
);
create index idx_recordings_meeting_id on recordings (meeting_id);
create index idx_recordings_internal_meeting_id on recordings (internal_meeting_id);

create table commands (
  id         uuid          not null default uuid_generate_v4() primary key,
  seq        serial        not null,
  state      command_state     null default 'requested',
  action     varchar(80)   not null,
  params     json              null,
  result     json              null,
  deadline   timestamp     not null,
  started_at timestamp         null,
  stopped_at timestamp         null,
  created_at timestamp     not null default current_timestamp
);

create function after_commands_insert() returns trigger as $$
begin
  delete from commands where deadline + interval '1 minute' < (now() at time zone 'utc');
  notify commands_queue;
  return new;
end;
$$ language plpgsql;

create trigger command_insert after insert on commands for each row execute function after_commands_insert();
