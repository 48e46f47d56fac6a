// A plugin of TypeDoc: pages are called what their first heading says and stand in groups, entries what they are imported as.
import { Converter } from 'typedoc';

const entries = {
  index: 'node-wazero',
  extism: 'node-wazero/extism',
  webassembly: 'node-wazero/webassembly',
  components: 'node-wazero/components',
};
const groups = [
  ['/docs/', 'Guide'],
  ['/examples/', 'Examples'],
];

export function load({ converter }) {
  converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, document) => {
    const path = document.project.files.getReflectionPath(document) ?? '';
    document.frontmatter.group = groups.find(([folder]) => path.includes(folder))?.[1] ?? 'Project';
    const heading = /^\s*# (.+)\n/.exec(document.content[0]?.text ?? '')?.[1];
    if (heading) document.name = heading.replaceAll('`', '');
  });
  converter.on(Converter.EVENT_CREATE_DECLARATION, (_context, reflection) => {
    if (reflection.parent?.isProject()) reflection.name = entries[reflection.name] ?? reflection.name;
  });
}
