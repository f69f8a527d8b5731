import { Subject, type NextObserver } from 'rxjs';

/**
 * An observer that a user gave, made safe to tell things from within a socket's callback: if it throws, nothing unwinds
 * here, and rxjs reports the error as it does for any subscriber.
 */
export function contained<T>(observer: NextObserver<T> | undefined): NextObserver<T> | undefined {
  if (observer === undefined) return undefined;
  const events$ = new Subject<T>();
  events$.subscribe(observer);
  return events$;
}
