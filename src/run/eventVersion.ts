/** Format of the events that are written; a log of another format is refused. */
export const EVENT_VERSION = 1;
