/** Builds the console into static files; every script and style is a separate file, so the page needs no inline script. */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { fontsAsFiles } from './fonts-as-files.ts';

export default defineConfig({
  root: import.meta.dirname,
  plugins: [fontsAsFiles(), react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
  },
});
