/**
 * Cloudscape's global styles embed eight cuts of Open Sans in the style sheet, 135 KB that every first visit would load. Here
 * the three that the page uses become separate files, which the browser fetches only where it needs them.
 */
import type { Plugin } from 'vite';

const used = new Set(['400 normal', '700 normal', '800 normal']);
const face = /@font-face\s*\{[^}]*?font-weight:\s*(\d+);[^}]*?font-style:\s*(\w+);[^}]*?base64,([^'")]+)['"]?\)[^}]*\}/g;

export function fontsAsFiles(): Plugin {
  return {
    name: 'fonts-as-files',
    apply: 'build',
    enforce: 'pre',
    transform(code, id) {
      if (!id.includes('global-styles/index.css')) return null;
      return code.replace(face, (_, weight: string, style: string, data: string) => {
        if (!used.has(`${weight} ${style}`)) return '';
        const source = Buffer.from(data, 'base64');
        const file = this.emitFile({ type: 'asset', name: `open-sans-${weight}.woff2`, source });
        const url = `__VITE_ASSET__${file}__`;
        return `@font-face{font-family:'Open Sans';font-weight:${weight};font-style:${style};font-display:swap;src:url(${url}) format('woff2')}`;
      });
    },
  };
}
