import { startConsole } from "./app/start.js";
import { browserTransport } from "./data/index.js";

const root = document.getElementById("root");
if (root === null) throw new Error("The page has no #root");
startConsole(root, browserTransport);
