// First, so that everything after it is traced.
import './telemetry';

import { reactErrorHandler } from '@sentry/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ResetForm } from './ResetForm';
import { requestReset } from './reset-password';
import { sentryTraceUrl, settings } from './settings';
import { tracer } from './telemetry';
import './style.css';

const root = document.getElementById('root');
if (root) {
  createRoot(root, { onUncaughtError: reactErrorHandler(), onCaughtError: reactErrorHandler() }).render(
    <StrictMode>
      <ResetForm
        request={(email) => requestReset(tracer, settings.apiUrl, email)}
        traceUrl={(traceId) => sentryTraceUrl(settings, traceId)}
        fromMail={window.location.pathname === '/reset-password'}
      />
    </StrictMode>,
  );
}
