/** Imports a package that the library does without; when it is not installed, says so and goes on without it. */
export async function optional<T>(
  name: string,
  load: () => Promise<T>,
  warn: (line: string) => void,
): Promise<T | undefined> {
  try {
    return await load();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    warn(`${name} is not installed; to have it in the demo: npm install ${name}`);
    return undefined;
  }
}
