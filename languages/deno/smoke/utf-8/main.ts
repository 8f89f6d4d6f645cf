const text = (await new Response(Deno.stdin.readable).text()).trim();
console.log(`${text} ↔ 硅藻 🦠`);
