-- Since when nothing is sent and no timer fires, because a restore has to be looked at first; none: all goes on.
ALTER TABLE instance ADD COLUMN paused_since INTEGER;
