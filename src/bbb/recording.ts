// A recording as BBB describes it, and the XML we answer (gateway contract §6.10).

export interface PreviewImage {
  readonly url: string;
  readonly alt: string;
  /** Pixels; 0 = unknown. */
  readonly height: number;
  readonly width: number;
}

export interface RecordingFormat {
  readonly type: string;
  readonly url: string;
  readonly processingTimeMs: number;
  /** Whole minutes, as BBB says it. */
  readonly length: number;
  /** null where nobody said it */
  readonly sizeBytes: number | null;
  /** null where the format has none */
  readonly preview: readonly PreviewImage[] | null;
}

/** Times in ms since 1970. */
export interface Recording {
  readonly recordID: string;
  /** As it is stored: the cluster's id of the meeting. */
  readonly meetingID: string;
  readonly internalMeetingID: string;
  readonly name: string;
  readonly isBreakout: boolean;
  readonly published: boolean;
  /** published, unpublished; nodes also say processing, processed, deleted */
  readonly state: string;
  readonly startTime: number;
  readonly endTime: number;
  readonly participants: number;
  /** null where nobody said it */
  readonly rawSizeBytes: number | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly formats: readonly RecordingFormat[];
}
