const text = await new Response(Deno.stdin.readable).text();
const n: number = parseInt(text);
console.log(n * n);
