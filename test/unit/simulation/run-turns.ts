/** Turns that share one turn of the real event loop, which costs more than most of them. */
const batch = 200;

/**
 * Runs one turn after the other until one returns false. The promises of a turn have settled when the next one begins, since Node
 * settles them after each immediate.
 */
export function runTurns(turn: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const one = () => {
      try {
        isOver ||= !turn();
      } catch (error) {
        isOver = true;
        reject(error);
      }
    };
    const many = () => {
      if (isOver) {
        resolve();
        return;
      }
      for (let index = 0; index < batch; index += 1) {
        setImmediate(one);
      }
      setImmediate(many);
    };
    many();
  });
}
