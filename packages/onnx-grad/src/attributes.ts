/** Attributes of a node by name, and axes counted from the start. */
import type { Attribute } from './model.ts';

type Attributes = Record<string, Attribute>;

export const intAttribute = (a: Attributes, name: string, or: number): number => {
  const found = a[name];
  return found?.type === 'int' ? found.value : or;
};
export const intsAttribute = (a: Attributes, name: string): number[] | undefined => {
  const found = a[name];
  return found?.type === 'ints' ? found.value : undefined;
};
export const floatAttribute = (a: Attributes, name: string, or: number): number => {
  const found = a[name];
  return found?.type === 'float' ? found.value : or;
};
export const textAttribute = (a: Attributes, name: string, or = ''): string => {
  const found = a[name];
  return found?.type === 'string' ? found.value : or;
};

/** ONNX counts a negative axis from the end. */
export const axisFromStart = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);
