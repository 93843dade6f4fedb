/** Time in milliseconds that a peer has to answer a close frame, or to read a refusal, before and after authentication. */
export const closeGraceMs = { pending: 1_000, session: 5_000 } as const;
