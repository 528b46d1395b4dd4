import { useId, useState } from 'react';

interface Props {
  /** 32 hex digits. */
  traceId: string;
  /** Its page in Sentry, if there is one. */
  url: string | undefined;
}

/** The trace of the last request, to look it up elsewhere. */
export function TraceId({ traceId, url }: Props) {
  const [copied, setCopied] = useState<'yes' | 'failed'>();
  const id = useId();

  function copy() {
    // The clipboard is missing where the page is not served securely.
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
          {copied === 'failed' && 'Could not copy: please select the id and copy it by hand.'}
        </span>
      </p>
    </section>
  );
}
