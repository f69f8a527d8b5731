import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { filesIn, read, ROOT } from './pages.js';

interface Block {
  readonly at: string;
  readonly language: string;
  readonly code: string;
}

/** The code in JavaScript and TypeScript of a page. */
function blocksOf(page: string): Block[] {
  const text = read(page);
  return [...text.matchAll(/^( *)```(js|ts)\b[^\n]*\n(.*?)^\1```$/gms)].map(
    ({ index, 2: language = '', 3: code = '' }) => ({
      at: `${page}:${text.slice(0, index).split('\n').length}`,
      language,
      code,
    }),
  );
}

const blocks = ['README.md', ...filesIn('docs', '.md')].flatMap(blocksOf);

function syntaxErrors(code: string, language: string): string[] {
  const { diagnostics = [] } = ts.transpileModule(code, { fileName: `block.${language}`, reportDiagnostics: true });
  return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

/** What a block imports of this package, by entry. */
function importsOf({ code }: Block): { readonly entry: string; readonly names: readonly string[] }[] {
  const { statements } = ts.createSourceFile('block.ts', code, ts.ScriptTarget.Latest);
  return statements.filter(ts.isImportDeclaration).flatMap(({ moduleSpecifier, importClause }) => {
    const entry = ts.isStringLiteral(moduleSpecifier) ? moduleSpecifier.text : '';
    if (!/^rxmux(?:\/|$)/.test(entry)) return [];
    const { name: whole, namedBindings } = importClause ?? {};
    const named = namedBindings !== undefined && ts.isNamedImports(namedBindings) ? namedBindings.elements : [];
    const names = named.map(({ propertyName, name }) => (propertyName ?? name).text);
    return [{ entry, names: whole === undefined ? names : ['default', ...names] }];
  });
}

/** The names, of values and of types, that each entry of the package exports. */
function exportsOf(entries: Readonly<Record<string, string>>): Map<string, Set<string>> {
  // Nothing but our own files, unchecked: all that names need.
  const files = filesIn('src', '.ts').map((path) => ROOT + path);
  const program = ts.createProgram(files, { module: ts.ModuleKind.NodeNext, noLib: true, noResolve: true, types: [] });
  const checker = program.getTypeChecker();
  const namesIn = (path: string): string[] => {
    const file = program.getSourceFile(ROOT + path);
    const module = file && checker.getSymbolAtLocation(file);
    return module === undefined ? [] : checker.getExportsOfModule(module).map(({ name }) => name);
  };
  return new Map(Object.entries(entries).map(([entry, path]) => [entry, new Set(namesIn(path))]));
}

const entries = exportsOf({
  rxmux: 'src/index.ts',
  'rxmux/browser': 'src/browser.ts',
  'rxmux/testing': 'src/testing/index.ts',
});

describe('the code in the documentation', () => {
  it.each(blocks)('has no syntax error in $at', ({ code, language }) => {
    const errors = syntaxErrors(code, language);
    // Some show members of an object only.
    if (errors.length > 0 && syntaxErrors(`({ ${code} });`, language).length === 0) return;
    expect(errors).toEqual([]);
  });

  const importing = blocks
    .map((block) => ({ ...block, imports: importsOf(block) }))
    .filter((b) => b.imports.length > 0);

  it.each(importing)('imports nothing that is not exported in $at', ({ imports }) => {
    for (const { entry, names } of imports) {
      expect({ entry, missing: names.filter((name) => entries.get(entry)?.has(name) !== true) }).toEqual({
        entry,
        missing: [],
      });
    }
  });
});
