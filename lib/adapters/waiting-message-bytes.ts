/**
 * Bytes that a message takes beside its payload while it waits: one of a client for guards and hooks of the connection, or one that a
 * client does not read. Without them any number of empty messages could wait.
 */
export const waitingMessageBytes = 64;
