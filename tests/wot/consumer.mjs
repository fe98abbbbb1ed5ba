// A consumer of a Thing as anybody would write it with node-wot: it knows the description and a key, nothing of our API.
// Standard input: {"td": {...}, "key": "...", "steps": [{"do": "read", ...}, ...], "mqtt": true|false}. Standard output: a line of
// JSON for each step; those it listens to come when they come.
import core from "@node-wot/core";
import httpBinding from "@node-wot/binding-http";
import mqttBinding from "@node-wot/binding-mqtt";
import { createInterface } from "node:readline";

const say = (step, result) => process.stdout.write(JSON.stringify({ step, ...result }) + "\n");
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => {
    const line = await lines.next();
    return line.done ? null : JSON.parse(line.value);
};

const { td, key, mqtt } = await next();
const servient = new core.Servient();
servient.addCredentials({ [td.id]: { token: key, username: "consumer", password: key } });
servient.addClientFactory(mqtt ? new mqttBinding.MqttClientFactory() : new httpBinding.HttpClientFactory());
const thing = await (await servient.start()).consume(td);
const listening = {};

const value = async (output) => {
    try {
        return await output.value();
    } catch (error) {
        return { unreadable: String(error) };
    }
};
const told = (name) => async (output) => say("told", { name, value: await value(output) });
const failed = (name) => (error) => say("failed", { name, error: String(error) });
const doing = {
    read: async ({ name }) => ({ value: await value(await thing.readProperty(name)) }),
    readMany: async ({ names }) => {
        const read = {};
        for (const [name, output] of await thing.readMultipleProperties(names)) read[name] = await value(output);
        return { value: read };
    },
    write: async ({ name, value: written }) => {
        await thing.writeProperty(name, written);
        return {};
    },
    observe: async ({ name, form }) => {
        listening[name] = await thing.observeProperty(name, told(name), failed(name), { formIndex: form });
        return {};
    },
    subscribe: async ({ name, form }) => {
        listening[name] = await thing.subscribeEvent(name, told(name), failed(name), { formIndex: form });
        return {};
    },
    stop: async ({ name }) => {
        await listening[name].stop();
        return {};
    },
    invoke: async ({ name, value: input }) => {
        const output = await thing.invokeAction(name, input);
        return { value: mqtt || output === undefined ? null : await value(output) };
    },
};

for (let step = await next(); step !== null && step.do !== "end"; step = await next()) {
    try {
        say(step.do, { name: step.name, ...(await doing[step.do](step)) });
    } catch (error) {
        say(step.do, { name: step.name, error: String(error) });
    }
}
process.exit(0);
