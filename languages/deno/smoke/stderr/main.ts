console.error("err");
console.log("out");
