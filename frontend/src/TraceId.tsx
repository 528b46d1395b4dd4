import { useId, useState } from 'react';

interface Props {
  /** 32 hex digits. */
  traceId: string;
  /** Its URL in Sentry, if configured. */
  url: string | undefined;
}

/** The trace id of the last request, with a copy button and a link to Sentry. */
export function TraceId({ traceId, url }: Props) {
  const [copied, setCopied] = useState<'yes' | 'failed'>();
  const id = useId();

  function copy() {
    // The clipboard is undefined in an insecure context.
    Promise.resolve()
      .then(() => navigator.clipboard.writeText(traceId))
      .then(
        () => setCopied('yes'),
        () => setCopied('failed'),
      );
  }

  return (
    <section className="trace" aria-labelledby={id}>
      <h2 id={id}>Trace of the last request</h2>
      <code>{traceId}</code>
      <p className="actions">
        <button type="button" onClick={copy}>
          Copy <span className="hidden">the trace id</span>
        </button>
        {url && (
          <a href={url} target="_blank" rel="noreferrer">
            Open in Sentry
          </a>
        )}
        <span role="status">
          {copied === 'yes' && 'Copied.'}
          {copied === 'failed' && 'Copying failed. Please select the id and copy it manually.'}
        </span>
      </p>
    </section>
  );
}
