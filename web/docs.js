"use strict";
// Makes the page from the document; everything is set as text, nothing as markup.
(async () => {
  const main = document.getElementById("api");
  const element = (name, attributes, ...children) => {
    const made = Object.assign(document.createElement(name), attributes);
    made.append(...children);
    return made;
  };

  let api;
  try {
    const answer = await fetch("openapi.json");
    if (!answer.ok) throw new Error(`the service answers ${answer.status}`);
    api = await answer.json();
  } catch (error) {
    main.textContent = `openapi.json could not be had: ${error.message}`;
    return;
  }

  const find = (thing) => thing?.$ref
    ? thing.$ref.split("/").slice(1).reduce((place, name) => place[name], api) : thing ?? {};

  const typeOf = (schema) => {
    if (schema.$ref) return schema.$ref.split("/").pop();
    const choices = schema.oneOf ?? schema.anyOf;
    if (choices) return choices.map(typeOf).join(" | ");
    if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
    const type = [schema.type ?? "any"].flat().join(" | ");
    return schema.type === "array" ? `list of ${typeOf(schema.items ?? {})}` : type;
  };

  const bounds = (schema) => [
    schema.minimum !== undefined && `from ${schema.minimum}`, schema.maximum !== undefined && `to ${schema.maximum}`,
    schema.maxItems !== undefined && `at most ${schema.maxItems}`, schema.format,
  ].filter(Boolean).join(", ");

  const member = (name, schema, required, depth) => {
    const more = [typeOf(schema), bounds(schema), required && "required"].filter(Boolean).join(", ");
    const told = element("dd", {}, schema.description ?? "");
    const inner = find(schema.type === "array" ? schema.items : schema);
    if (inner.properties && depth < 3) told.append(members(inner, depth + 1));
    return [element("dt", {}, element("code", {}, name), " ", element("span", { className: "type" }, more)), told];
  };

  const members = (schema, depth = 0) => element("dl", {}, ...Object.entries(schema.properties ?? {})
    .flatMap(([name, inner]) => member(name, inner, schema.required?.includes(name), depth)));

  const body = (content) => {
    const schema = find(Object.values(content)[0].schema);
    const parts = [element("p", { className: "type" }, Object.keys(content).join(", "))];
    if (schema.description) parts.push(element("p", {}, schema.description));
    if (schema.examples) parts.push(element("pre", {}, JSON.stringify(schema.examples[0], null, 2)));
    if (schema.properties) parts.push(members(schema));
    return parts;
  };

  const operation = (path, method, told) => {
    const parts = [];
    if (told.description) parts.push(element("p", {}, told.description));
    if (told["x-scope"]) parts.push(element("p", { className: "scope" }, `a key needs the scope ${told["x-scope"]}`));
    for (const given of told.parameters ?? []) {
      const [term, text] = member(`${given.name} (${given.in})`, given.schema, given.required, 3);
      text.textContent = given.description ?? "";
      parts.push(element("dl", {}, term, text));
    }
    if (told.requestBody) parts.push(element("h3", {}, "Takes"), ...body(told.requestBody.content));
    for (const [status, answer] of Object.entries(told.responses)) {
      const found = find(answer);
      parts.push(element("p", {}, element("strong", {}, status), " ", found.description));
      if (found.content && Number(status) < 300) parts.push(...body(found.content));
    }
    return element("details", { id: told.operationId },
      element("summary", {}, element("span", { className: "method" }, method.toUpperCase()),
        element("span", { className: "path" }, path), element("span", { className: "what" }, told.summary)), ...parts);
  };

  main.replaceChildren(element("p", {}, api.info.description));
  for (const { name } of api.tags) {
    main.append(element("h2", {}, name));
    for (const [path, methods] of Object.entries(api.paths)) {
      for (const [method, told] of Object.entries(methods)) {
        if (told.tags[0] === name) main.append(operation(path, method, told));
      }
    }
  }
  const chosen = location.hash && document.getElementById(location.hash.slice(1));
  if (chosen) { chosen.open = true; chosen.scrollIntoView(); }
})();
