// A certified OpenID provider with one person in it. Says its port; then reads where it may send people back to.

import { createServer } from "node:http";
import { createInterface } from "node:readline";
import Provider from "oidc-provider";

const person = { sub: "m-1", email: "mina@example.org", email_verified: true, name: "Mina Elsewhere" };
const server = createServer((request, answer) => handle(request, answer));
let handle = (_request, answer) => answer.writeHead(503).end();

server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  createInterface({ input: process.stdin })
    .once("line", (address) => {
      const provider = new Provider(issuer, {
        clients: [{ client_id: "monokoto", client_secret: "a secret of the test", redirect_uris: [address] }],
        claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
        findAccount: (_context, id) => ({ accountId: id, claims: () => ({ ...person, sub: id }) }),
        pkce: { required: () => true },
      });
      handle = provider.callback();
      console.log("ready");
    })
    .once("close", () => process.exit(0));
  console.log(issuer);
});
