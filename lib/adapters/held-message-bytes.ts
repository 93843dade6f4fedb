/**
 * Bytes that a message of a client takes beside its payload while it waits for guards and hooks of the connection. Without them a
 * client could have any number of empty messages wait.
 */
export const heldMessageBytes = 64;
