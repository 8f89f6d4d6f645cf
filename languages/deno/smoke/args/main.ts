for (const word of Deno.args) console.log(`<${word}>`);
