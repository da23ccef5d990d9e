-- Extension 3: meetings that a frontend has ended. Their node may not have heard of it, or still list them for a while.

create table b3scale_ended_meetings (
  internal_id varchar(255) not null primary key,
  ended_at    timestamp    not null default (now() at time zone 'utc')
);
