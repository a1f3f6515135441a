import '@cloudscape-design/global-styles/index.css';
import './console.css';
import { applyMode, Mode } from '@cloudscape-design/global-styles';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { beginSession } from './session.ts';

/** Light or dark as the reader's system is set, also when the setting changes. */
function followSystemMode() {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const apply = () => applyMode(dark.matches ? Mode.Dark : Mode.Light);
  dark.addEventListener('change', apply);
  apply();
}

const root = document.getElementById('root');
if (root === null) throw new Error('The page lacks its #root element.');
followSystemMode();
beginSession();
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
