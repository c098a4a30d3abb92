// Prints a Mooncake trace of ten minutes: conversations whose prompts grow, one block of 512 tokens shared by all.
// About one request in 25 is longer than 32,768 tokens. Always the same trace.
let state = 7;
const uniform = () => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
};
const upTo = (most) => Math.floor(uniform() * most);

let nextId = 1;
const conversations = Array.from({ length: 40 }, () => []);
for (let timestamp = 0; timestamp < 600_000; timestamp += upTo(3000)) {
  const conversation = conversations[upTo(conversations.length)];
  const blocks = uniform() < 0.04 ? 64 + upTo(20) : 1 + upTo(4);
  const ids = [0, ...conversation, ...Array.from({ length: blocks }, () => nextId++)];
  if (conversation.length < 16)
    conversation.push(...ids.slice(1 + conversation.length, 3 + conversation.length));
  const row = {
    timestamp,
    input_length: ids.length * 512 - upTo(512),
    output_length: 1 + upTo(60),
    hash_ids: ids,
  };
  process.stdout.write(`${JSON.stringify(row)}\n`);
}
