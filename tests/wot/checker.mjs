// Holds Thing Descriptions against the playground's checks and the assertions of the Recommendation.
// Standard input: a JSON array of {"td", "tm"}. Standard output: for each, what was found wrong.
// The Thing Model is served here, because the checks follow the link `type` without a key.
import core from "@thing-description-playground/core";
import assertions from "@thing-description-playground/assertions";
import { createRequire } from "node:module";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";

const given = JSON.parse(readFileSync(0, "utf-8"));
const require = createRequire(import.meta.url);
// They look for the other package below themselves, where npm need not have put it.
const load = async (file) =>
    existsSync(file) ? readFileSync(file) : readFileSync(require.resolve("@thing-description-playground/core/" + path.basename(file)));
console.log = () => {}; // their progress is not for us
const found = [];
const models = createServer((request, response) => response.end(JSON.stringify(given[Number(request.url.slice(1))].tm)));
await new Promise((ready) => models.listen(0, "127.0.0.1", ready));
for (const [index, { td: description }] of given.entries()) {
    const type = description.links.find((link) => link.rel === "type");
    type.href = `http://127.0.0.1:${models.address().port}/${index}`;
    const text = JSON.stringify(description);
    const checked = await core.tdValidator(text, () => {}, { checkDefaults: false, checkJsonLd: false });
    const faults = [...Object.entries(checked.report), ...Object.entries(checked.details)]
        .filter(([, result]) => result === "failed" || result === "warning")
        .map(([name, result]) => `${name}: ${result} ${checked.detailComments[name] ?? ""}`);
    let passed = 0;
    const results = await assertions.tdAssertions([text], load, () => {});
    for (const one of Array.isArray(results) ? results : Object.values(results).flat()) {
        if (one?.Status === "fail") faults.push(`${one.ID}: ${one.Comment ?? ""}`);
        if (one?.Status === "pass") passed += 1;
    }
    found.push({ id: description.id, faults, passed });
}
process.stdout.write(JSON.stringify(found));
models.close();
