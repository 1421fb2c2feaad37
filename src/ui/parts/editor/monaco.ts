/**
 * Monaco with Python and little else, in the page's own ink. It loads when the first editor opens; its
 * worker, which computes differences, is a file of our own origin.
 */
import EditorWorker from 'monaco-editor/editor/editor.worker.js?worker';
import { editor, KeyCode, KeyMod, MarkerSeverity } from 'monaco-editor/editor';
import 'monaco-editor/features/codeEditor/register';
import 'monaco-editor/features/diffEditor/register';
import 'monaco-editor/features/bracketMatching/register';
import 'monaco-editor/features/clipboard/register';
import 'monaco-editor/features/comment/register';
import 'monaco-editor/features/find/register';
import 'monaco-editor/features/hover/register';
import 'monaco-editor/features/indentation/register';
import 'monaco-editor/features/linesOperations/register';
import 'monaco-editor/features/toggleTabFocusMode/register';
import 'monaco-editor/features/wordOperations/register';
import 'monaco-editor/languages/definitions/python/register';

self.MonacoEnvironment = { getWorker: () => new EditorWorker({ name: 'editor' }) };

export interface EditorOptions {
  value: string;
  /** Program to compare with, on the left. */
  against?: string | undefined;
  readOnly: boolean;
  /** The editor's name for screen readers. */
  label: string;
  onChange: (value: string) => void;
  /** Ctrl or Command with Enter. */
  onSubmit: () => void;
}

export interface OpenEditor {
  /** Writes what did not come from `onChange`; that may come back, late as well. */
  setValue(value: string): void;
  /** Underlines a line and says why; undefined takes it away. */
  mark(problem: { line: number; message: string } | undefined): void;
  dispose(): void;
}

const dark = matchMedia('(prefers-color-scheme: dark)');
let themed = false;

/** Weight and slant instead of hues, as everywhere on the page. Colours come from its own custom properties. */
function applyTheme(): void {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const bare = (name: string) => colour(name).slice(1);
  editor.defineTheme('foothold', {
    base: dark.matches ? 'vs-dark' : 'vs',
    inherit: false,
    rules: [
      { token: '', foreground: bare('--ink') },
      { token: 'keyword', foreground: bare('--ink'), fontStyle: 'bold' },
      { token: 'comment', foreground: bare('--ink-faint'), fontStyle: 'italic' },
      { token: 'string', foreground: bare('--ink-soft') },
    ],
    colors: {
      'editor.background': colour('--sunken'),
      'editor.foreground': colour('--ink'),
      'editorGutter.background': colour('--sunken'),
      'editorLineNumber.foreground': colour('--ink-faint'),
      'editorLineNumber.activeForeground': colour('--ink'),
      'editorCursor.foreground': colour('--ink'),
      'editor.selectionBackground': `${colour('--ink')}2e`,
      'editorError.foreground': colour('--broken'),
      'editorWidget.background': colour('--raised'),
      'editorWidget.foreground': colour('--ink'),
      'editorHoverWidget.background': colour('--raised'),
      'editorHoverWidget.foreground': colour('--ink'),
      'diffEditor.insertedTextBackground': `${colour('--ink')}1f`,
      'diffEditor.insertedLineBackground': `${colour('--ink')}0f`,
      'diffEditor.removedTextBackground': `${colour('--broken')}33`,
      'diffEditor.removedLineBackground': `${colour('--broken')}14`,
      'diffEditor.diagonalFill': colour('--rule'),
      'diffEditor.border': colour('--rule'),
      focusBorder: colour('--ink'),
      // Monaco colours brackets by depth; hues mean something else here.
      ...Object.fromEntries(
        ['foreground1', 'foreground2', 'foreground3', 'unexpectedBracket.foreground'].map((name) => [
          `editorBracketHighlight.${name}`,
          colour('--ink'),
        ]),
      ),
    },
  });
  editor.setTheme('foothold');
}

function pythonModel(source: string): editor.ITextModel {
  const model = editor.createModel(source, 'python');
  model.updateOptions({ tabSize: 4, insertSpaces: true });
  return model;
}

/** The diff editor hands no label on to its halves, and clears theirs whenever it lays them out anew. */
function keepLabel(half: editor.ICodeEditor, ariaLabel: string): void {
  const set = () => {
    if (half.getOption(editor.EditorOption.ariaLabel) !== ariaLabel) half.updateOptions({ ariaLabel });
  };
  set();
  half.onDidChangeConfiguration(set);
}

/** `program` with as many newlines at its end as `other` has: how a program ends makes no difference to show. */
function endingAs(program: string, other: string): string {
  return program.replace(/\n*$/, /\n*$/.exec(other)![0]);
}

/** An editor in `element`, which must have a height. */
export function openEditor(element: HTMLElement, options: EditorOptions): OpenEditor {
  applyTheme();
  if (!themed) dark.addEventListener('change', applyTheme);
  themed = true;
  const { value, against, readOnly, label } = options;
  const common: editor.IEditorOptions = {
    readOnly,
    ariaLabel: label,
    fontFamily: getComputedStyle(document.documentElement).getPropertyValue('--mono'),
    fontSize: 13,
    lineHeight: 20,
    minimap: { enabled: false },
    lineNumbersMinChars: 3,
    scrollBeyondLastLine: false,
    wordWrap: 'on',
    overviewRulerLanes: 0,
    hideCursorInOverviewRuler: true,
    renderLineHighlight: 'none',
    folding: false,
    contextmenu: false,
    quickSuggestions: false,
    padding: { top: 10, bottom: 10 },
    scrollbar: { alwaysConsumeMouseWheel: false },
    // Tab leaves an editor that cannot be written in.
    tabFocusMode: readOnly,
    cursorBlinking: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'solid' : 'blink',
  };
  const model = pythonModel(value);
  const original = against === undefined ? undefined : pythonModel(endingAs(against, value));
  let written: editor.IStandaloneCodeEditor;
  let whole: { dispose(): void };
  if (original) {
    const diff = editor.createDiffEditor(element, {
      ...common,
      automaticLayout: true,
      originalEditable: false,
      renderSideBySide: true,
      useInlineViewWhenSpaceIsLimited: true,
      renderSideBySideInlineBreakpoint: 560,
      renderOverviewRuler: false,
      renderMarginRevertIcon: false,
      renderGutterMenu: false,
      diffWordWrap: 'on',
      ignoreTrimWhitespace: false,
    });
    diff.setModel({ original, modified: model });
    written = diff.getModifiedEditor();
    keepLabel(written, label);
    keepLabel(diff.getOriginalEditor(), `${label}: what it is compared with`);
    diff.getOriginalEditor().updateOptions({ tabFocusMode: true });
    whole = diff;
  } else {
    written = editor.create(element, { ...common, automaticLayout: true, model });
    whole = written;
  }
  written.addCommand(KeyMod.CtrlCmd | KeyCode.Enter, () => options.onSubmit());
  /** Changes that the page was told of and has not passed back yet: fast typing is ahead of the page. */
  let told: string[] = [];
  model.onDidChangeContent(() => {
    const now = model.getValue();
    if (original && against !== undefined) {
      const ended = endingAs(against, now);
      if (ended !== original.getValue()) original.setValue(ended);
    }
    if (options.readOnly) return;
    told.push(now);
    options.onChange(now);
  });
  return {
    setValue: (next) => {
      const at = told.indexOf(next);
      const current = next === model.getValue();
      told = current || at < 0 ? [] : told.slice(at + 1);
      // The echo of an earlier change would undo the typing since.
      if (!current && at < 0) model.setValue(next);
    },
    mark: (problem) => {
      if (!problem) return editor.setModelMarkers(model, 'judge', []);
      const line = Math.max(1, Math.min(problem.line, model.getLineCount()));
      const { message } = problem;
      const startColumn = model.getLineFirstNonWhitespaceColumn(line) || 1;
      const range = { startLineNumber: line, endLineNumber: line, startColumn };
      editor.setModelMarkers(model, 'judge', [
        { ...range, endColumn: model.getLineMaxColumn(line), message, severity: MarkerSeverity.Error },
      ]);
      written.revealLineInCenterIfOutsideViewport(line);
    },
    dispose: () => {
      whole.dispose();
      model.dispose();
      original?.dispose();
    },
  };
}
