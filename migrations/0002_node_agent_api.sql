-- Schema version 2: the agent of a node finds its backend by the `sub` of its token.

alter table backends add column agent_ref varchar(64) null unique;
