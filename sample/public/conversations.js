/**
 * What the page and the server exchange once the server knows the user. `hear` takes one
 * message and returns what to answer, or `done` when the page has learnt all it wanted.
 */
export const conversations = {
  /** The server sends `Hello`, the page answers `Goodbye`, the server closes. */
  greeting: {
    hear(text, user) {
      if (text === `Hello ${user}!`) return { knows: true, answer: `Goodbye ${user}.` };
      return { knows: false, done: true };
    },
  },
  /** The greeting is a value of a subscription, which the page ends. */
  subscription: {
    hear: (text, user) => ({ knows: text === `Hello ${user}!`, done: true }),
  },
  /** The page asks `whoami` in Nest's message format, and closes when it has the answer. */
  whoami: {
    hear(text, user) {
      const { event, data } = JSON.parse(text);
      if (event !== 'whoami') return { knows: false };
      return { knows: data.user === user, done: true };
    },
  },
};
