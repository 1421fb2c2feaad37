/** A button that asks for the file of a session. */
import { useRef } from 'react';
import { FILE_ENDING } from '../../share/address.ts';

export function SessionPicker(props: { text: string; label: string; onFile: (file: File) => void }) {
  const picker = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" className="button" onClick={() => picker.current?.click()}>
        {props.text}
      </button>
      <input
        ref={picker}
        type="file"
        accept={FILE_ENDING}
        className="visually-hidden"
        tabIndex={-1}
        aria-label={props.label}
        onChange={(event) => {
          const [file] = event.target.files ?? [];
          if (file) props.onFile(file);
          event.target.value = '';
        }}
      />
    </>
  );
}
