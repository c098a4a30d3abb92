declare module 'jstat' {
  const jStat: {
    readonly studentt: { inv(p: number, degreesOfFreedom: number): number };
    readonly gamma: { cdf(x: number, shape: number, scale: number): number };
    readonly chisquare: { cdf(x: number, degreesOfFreedom: number): number };
  };
  export default jStat;
}
