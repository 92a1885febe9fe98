import { posix } from "node:path";
import { expect, test } from "vitest";
import { repositoryFiles, readText } from "./repository.js";

/** Says where recorded data came from; read by people. */
const forPeople = /(^|\/)(README\.md|LICENSE|NOTICE)$/;

test("every recorded file is read by a test of its package", () => {
  const files = repositoryFiles();
  const unread = files
    .filter((path) => path.includes("/testdata/") && !forPeople.test(path))
    .filter((path) => {
      const project = path.split("/").slice(0, 2).join("/");
      const readers = files
        .filter((other) => other.startsWith(`${project}/`) && /\.(ts|mjs)$/.test(other))
        .map(readText);
      return !readers.some((text) => names(text, path));
    });
  expect(unread).toEqual([]);
});

/** A reader names the file, or lists one of the folders it lies in. */
function names(text: string, path: string): boolean {
  if (text.includes(posix.basename(path))) return true;
  const folders = path.slice(path.indexOf("/testdata/") + 1, path.lastIndexOf("/")).split("/");
  return text.includes("readdir") && folders.some((folder) => text.includes(folder));
}
