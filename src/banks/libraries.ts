/** Packages that answers and tests may need and that are not here. */

/**
 * Where a benchmark's own harness runs, these may be installed: what the harnesses depend on (NumPy; pandas
 * and others by way of `datasets`, sympy and networkx by way of PyTorch) and what answers to their problems
 * are known to import. Whether an answer that imports one passes there can't be told here. A module of any
 * other name is missing there too, and to import it is the answer's fault.
 */
const LIBRARIES = new Set(
  `numpy pandas scipy sympy mpmath networkx sklearn skimage statsmodels matplotlib seaborn plotly torch
   torchvision tensorflow keras jax numba cupy PIL cv2 pyarrow sortedcontainers nltk spacy regex dateutil pytz
   gmpy2 gmpy primesieve primefac bitarray bitstring more_itertools toolz cytoolz pyparsing lxml bs4 yaml tqdm
   attr attrs pydantic psutil shapely igraph ortools pulp cvxpy transformers datasets tabulate termcolor
   unidecode chardet Levenshtein jellyfish rapidfuzz`.split(/\s+/),
);

/** The library whose failed import an exception's text names, where it is one of these. */
export function missingLibrary(error: string): string | undefined {
  const name = missingModule(error);
  return name !== undefined && LIBRARIES.has(name) ? name : undefined;
}

/** The top-level module that, by an exception's text, Python did not find. */
export function missingModule(error: string): string | undefined {
  return /^ModuleNotFoundError: No module named '(\w+)/.exec(error)?.[1];
}
