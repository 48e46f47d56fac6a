import { Evaluator } from './evaluator.mjs';

const [, , expression, variables = '{}'] = process.argv;
const evaluator = await Evaluator.create();
const show = async (expression, variables, timeoutMs = 2_000) => {
  const answer = await evaluator
    .evaluate(expression, variables, timeoutMs)
    .catch((error) => `${error.name}: ${error.message}`);
  console.log(`${expression} -> ${typeof answer === 'string' ? answer.split('\n')[0] : JSON.stringify(answer)}`);
};
if (expression !== undefined) await show(expression, JSON.parse(variables));
else {
  await show('price * quantity', { price: 19.5, quantity: 4 });
  await show('tags.filter((tag) => tag.startsWith("a"))', { tags: ['ab', 'b', 'ac'] });
  await show('typeof process + typeof require + typeof fetch', {});
  await show('(() => { for (;;); })()', {});
  await show('"x".repeat(1e9)', {});
  await show('1)); (2', {});
}
await evaluator.close();
