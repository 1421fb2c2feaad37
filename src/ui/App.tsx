/** The whole page: where each part of it stands. What each shows it reads from the store. */
import { LoopNow } from './run/LoopNow.tsx';
import { Checkpoints } from './run/Checkpoints.tsx';
import { Columns } from './run/Columns.tsx';
import { Curves } from './run/Curves.tsx';
import { EmbedBar } from './run/EmbedBar.tsx';
import { Gains } from './run/Gains.tsx';
import { GoalpostList } from './run/GoalpostList.tsx';
import { Limits } from './run/Limits.tsx';
import { Moment } from './run/Moment.tsx';
import { Narrator } from './run/Narrator.tsx';
import { NewVersion } from './run/NewVersion.tsx';
import { Problem } from './run/Problem.tsx';
import { Offer, ReplayNote } from './run/ReplayNote.tsx';
import { RunClimb } from './run/RunClimb.tsx';
import { RunNumbers } from './run/RunNumbers.tsx';
import { RunsList } from './run/RunsList.tsx';
import { ShownRun } from './run/ShownRun.tsx';
import { TopBar } from './run/TopBar.tsx';
import { Transport } from './run/Transport.tsx';
import { Unusable } from './run/Unusable.tsx';
import { UpdateCard } from './run/UpdateCard.tsx';
import { Welcome } from './run/Welcome.tsx';
import { embedded } from './store/platform.ts';
import { OpenSheet } from './sheets/OpenSheet.tsx';
import './parts/tokens.css';
import './parts/base.css';
import './parts/print.css';
import './App.css';

export function App() {
  return (
    <ShownRun>
      {embedded ? <EmbedBar /> : <TopBar />}
      {/* Fixed at the bottom, but early in the order of the keyboard: it is what one needs most. */}
      <Transport />
      <Problem />
      {!embedded && (
        <>
          <ReplayNote />
          <Limits />
          <NewVersion />
          <Offer />
        </>
      )}
      <Columns>
        <main className="middle">
          {!embedded && <Welcome />}
          <Narrator />
          <Gains />
          <Unusable />
          <Moment />
          <RunClimb />
          <LoopNow />
          <UpdateCard />
          <Curves />
        </main>
        {!embedded && (
          <>
            <aside className="left" aria-label="Goalposts">
              <GoalpostList />
            </aside>
            <aside className="right" aria-label="The run">
              <RunNumbers />
              <Checkpoints />
              <RunsList />
            </aside>
          </>
        )}
      </Columns>
      <OpenSheet />
    </ShownRun>
  );
}
