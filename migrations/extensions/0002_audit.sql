-- Extension 2: what was changed through REST, by whom. Names of changed keys only: values may be secrets.
-- A b3scale 1.x process never sees this table.

create table b3scale_audit (
  id           bigint    not null generated always as identity primary key,
  time         timestamp not null default (now() at time zone 'utc'),
  subject      text      not null, -- "sub" of the token
  scope        text      not null, -- all of the token's, separated by spaces
  method       text      not null,
  resource     text      not null, -- path of the request
  changed_keys text[]    not null default '{}', -- dotted
  request_id   text      not null
);
create index b3scale_audit_time_idx on b3scale_audit (time);
