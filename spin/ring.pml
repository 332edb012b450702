/* SPDX-License-Identifier: MIT */
/*
 * The ring of core/ring.h for spin: one producer, one or two consumers, and a heir who lets any of them die
 * at any step and buries it some time later.
 *
 * Every access to a shared word is a step of its own; local bookkeeping is folded into it. There are
 * no timeouts here, so that a lost wake-up is a deadlock, which spin reports as an invalid end state. An
 * end that leaves the watch over its peers to the heir (UMM_WATCH_BROKER) has none either.
 * spin's memory is sequentially consistent, as the accesses are that the protocol depends on; where a
 * fence were missing, a store could come after a later load, and that is how it is broken below.
 *
 * What is asserted:
 *  - a buffer's content stays what it was from take to release (`content`), and the producer never
 *    takes a buffer that a living consumer uses;
 *  - fifo consumers get all frames in order, latest consumers go forward, and at the end both have
 *    seen or missed exactly what was shown;
 *  - everybody who lives comes to his end, whoever else died, wherever.
 *
 * -D parameters: CONSUMERS, MODE0, MODE1 (FIFO or LATEST), FRAMES, BUFFERS, DEATHS (how many may die).
 * -D mistakes, of which spin must find each:
 *   NO_RECHECK       a consumer does not look at `revoked` after its claim
 *   NO_REEXAMINE     the producer does not look at the claims after revoking
 *   NO_CLAIM_FENCE   the claim becomes visible after the look at `revoked`
 *   NO_WAIT_FENCE    a sleeper announces itself after its last look at the bell
 *   EPOCH            a waker answers each wait once, whatever bell was sampled
 *   NO_BURIAL        the heir does nothing
 *   NO_UNCLAIM_NEWS  who gives back a refused claim does not move its bell
 */
#define FIFO   0
#define LATEST 1

#ifndef MODE0
#define MODE0 FIFO
#endif
#ifndef MODE1
#define MODE1 LATEST
#endif
#ifndef FRAMES
#define FRAMES 3
#endif
#ifndef BUFFERS
#define BUFFERS 2
#endif
#ifndef DEATHS
#define DEATHS 1
#endif

#ifndef CONSUMERS
#define CONSUMERS 2
#endif
#if CONSUMERS == 2
#define second(step) step
#else
#define second(step) skip
#endif

#define SIZE	 2 /* of the ring of entries: a power of two >= BUFFERS */
#define PRODUCER 2
#define NONE	 255

#define RUNNING 0
#define ENDED	1
#define DEAD	2

#define mode(c)	   ((c) == 0 -> MODE0 : MODE1)
#define slot(c, b) ((c) * BUFFERS + (b))

/* The producer's block. */
byte pro_bell, pro_count, pro_state;
byte pro_wait[2]; /* sampled bell + 1; 0: awake */
byte entry_ticket[SIZE], entry_buffer[SIZE], revoked[BUFFERS];

/* The consumers' blocks. */
byte con_bell[2], con_state[2], con_wait[2], con_seen[2];
byte claim[2 * BUFFERS], released[2 * BUFFERS];

/* The kernel: who sleeps. */
bool asleep[3];

/* Who must die, and what the truth is. */
bool die[3];
byte content[BUFFERS];	  /* ticket of the frame in it; 0 while it is being written */
bool uses[2 * BUFFERS];

/* ---- the producer ---- */

#define alive(c) (living & (1 << (c)))

inline look_who_is_alive()
{
	atomic { if :: alive(0) && con_state[0] != RUNNING -> living = living & ~1 :: else fi };
	second(atomic { if :: alive(1) && con_state[1] != RUNNING -> living = living & ~2 :: else fi })
}

/* held = somebody holds it; claimable = somebody may still claim it */
inline examine_fifo(c, b)
{
	atomic {
		seen = released[slot(c, b)];
		assert(seen == ticket[b] || seen == previous[b]);
		if
		:: seen == ticket[b] -> pending[slot(c, b)] = false
		:: else -> held = true
		fi;
		seen = 0
	}
}

inline examine_latest(c, b)
{
	seen = claim[slot(c, b)];
	atomic {
		if
		:: released[slot(c, b)] == ticket[b] -> pending[slot(c, b)] = false
		:: else ->
			assert(seen <= ticket[b]);
			if
			:: seen == ticket[b] -> held = true
			:: else -> claimable = true
			fi
		fi;
		seen = 0
	}
}

inline examine_for(c, b)
{
	if
	:: held || !alive(c) || !pending[slot(c, b)]
	:: else ->
		if
		:: mode(c) == FIFO -> examine_fifo(c, b)
		:: else -> examine_latest(c, b)
		fi
	fi
}

inline examine(b)
{
	atomic { held = false; claimable = false };
	examine_for(0, b);
	second(examine_for(1, b))
}

inline reclaim(b)
{
	held = false;
	if
	:: !shown[b]
	:: else ->
		examine(b);
		if
		:: !held && claimable ->
			revoked[b] = ticket[b];
#ifndef NO_REEXAMINE
			examine(b);
#endif
			skip
		:: else
		fi;
		if
		:: !held -> shown[b] = false
		:: else
		fi
	fi
}

/* took = buffer, NONE if there is none free */
inline take_any()
{
	took = NONE;
	look_who_is_alive();
	do
	:: b < BUFFERS && took == NONE ->
		if
		:: b != newest ->
			reclaim(b);
			if
			:: !held -> took = b
			:: else
			fi
		:: else
		fi;
		b++
	:: else -> break
	od;
	if
	:: took == NONE && newest != NONE ->
		b = newest;
		reclaim(b);
		if
		:: !held -> d_step { took = b; newest = NONE }
		:: else
		fi
	:: else
	fi;
	atomic { b = 0; held = false; claimable = false }
}

/* Move the bell, then wake whom the move away from that value concerns. */
inline ask(c)
{
	atomic {
#ifdef EPOCH
		if
		:: alive(c) && con_wait[c] != 0 && con_wait[c] != answered[c] -> wake = true
		:: else
		fi;
		answered[c] = con_wait[c]
#else
		if
		:: alive(c) && con_wait[c] == before + 1 -> wake = true
		:: else
		fi
#endif
	}
}

inline producer_news()
{
	atomic { before = pro_bell; pro_bell++ };
	ask(0);
	second(ask(1));
	atomic {
		if
		:: wake -> asleep[0] = false; asleep[1] = false
		:: else
		fi;
		wake = false;
		before = 0
	}
}

inline announce(c)
{
	if
	:: alive(c) ->
#ifdef EPOCH
		atomic { epoch++; pro_wait[c] = epoch };
		sample[c] = con_bell[c]
#else
		sample[c] = con_bell[c];
		pro_wait[c] = sample[c] + 1
#endif
	:: else
	fi
}

inline producer_announce()
{
	announce(0);
	second(announce(1))
}

inline producer_relax()
{
	atomic { pro_wait[0] = 0; pro_wait[1] = 0; sample[0] = 0; sample[1] = 0 }
}

/* futex_waitv: the kernel compares and queues as one. Who sleeps on one bell leaves what he wrote
 * when he is woken; on two, the one that did not move would wake him in vain. */
inline producer_sleep()
{
	atomic {
		if
		:: (!alive(0) || con_bell[0] == sample[0]) && (!alive(1) || con_bell[1] == sample[1]) ->
			asleep[PRODUCER] = true
		:: else
		fi
	};
	!asleep[PRODUCER];
#if CONSUMERS == 2
	producer_relax()
#else
	sample[0] = 0
#endif
}

/* drained = everybody let go of everything, and latest consumers have seen the newest */
inline look_seen(c)
{
	atomic {
		if
		:: alive(c) && mode(c) == LATEST && con_seen[c] < head -> drained = false
		:: else
		fi
	}
}

inline look_drained()
{
	drained = true;
	look_who_is_alive();
	look_seen(0);
	second(look_seen(1));
	b = 0;
	do
	:: atomic { b < BUFFERS && drained -> skip };
		examine(b);
		atomic { drained = !held; b++ }
	:: else -> break
	od;
	atomic { b = 0; held = false; claimable = false }
}

proctype producer()
{
	byte living = (1 << CONSUMERS) - 1, head, newest = NONE, took = NONE, b, seen, before, sample[2];
	byte ticket[BUFFERS], previous[BUFFERS];
	bool shown[BUFFERS], pending[2 * BUFFERS], held, claimable, wake, drained;
#ifdef EPOCH
	byte answered[2], epoch;
#endif
	{
		do
		:: head < FRAMES ->
			take_any();
			do
			:: took == NONE && living != 0 ->
				producer_announce();
				take_any();
				if
				:: took == NONE && living != 0 ->
					producer_sleep();
					take_any()
				:: else -> producer_relax()
				fi
			:: else -> break
			od;
			if
			:: living == 0 -> break
			:: else
			fi;
			assert(!(uses[slot(0, took)] && !die[0]) && !(uses[slot(1, took)] && !die[1]));
			content[took] = 0;
			d_step {
				head++;
				content[took] = head;
				previous[took] = ticket[took];
				ticket[took] = head;
				shown[took] = true;
				newest = took;
				pending[slot(0, took)] = alive(0);
				pending[slot(1, took)] = alive(1)
			};
			entry_ticket[head % SIZE] = 0;
			entry_buffer[head % SIZE] = took;
			entry_ticket[head % SIZE] = head;
			pro_count = head;
			producer_news()
		:: else -> break
		od;
		pro_state = ENDED;
		producer_news();
		look_drained();
		do
		:: !drained ->
			producer_announce();
			look_drained();
			if
			:: !drained -> producer_sleep(); look_drained()
			:: else
			fi
		:: else -> break
		od
	} unless { die[PRODUCER] }
}

/* ---- a consumer ---- */

inline consumer_news()
{
	atomic { before = con_bell[me]; con_bell[me]++ };
	atomic {
#ifdef EPOCH
		wake = (pro_wait[me] != 0 && pro_wait[me] != answered);
		answered = pro_wait[me];
#else
		wake = (pro_wait[me] == before + 1);
#endif
		before = 0
	};
	atomic {
		if
		:: wake -> asleep[PRODUCER] = false
		:: else
		fi;
		wake = false
	}
}

/* got = ticket of the frame in `buffer`, 0: none; over = there will be none */
inline take_fifo()
{
	atomic { got = 0; state = pro_state };
	count = pro_count;
	if
	:: count == last -> over = (state != RUNNING)
	:: else ->
		assert(count > last && count - last <= BUFFERS);
		assert(entry_ticket[(last + 1) % SIZE] == last + 1);
		atomic { buffer = entry_buffer[(last + 1) % SIZE]; got = last + 1 }
	fi;
	atomic { state = 0; count = 0 }
}

inline take_latest()
{
	got = 0;
	do
	:: state = pro_state;
	   count = pro_count;
	   if
	   :: count == last || count == refused ->
		over = (state != RUNNING);
		if
		:: over -> missed = missed + count - last; last = count; con_seen[me] = count
		:: else
		fi;
		break
	   :: else
	   fi;
	   assert(count > last && count != tried);
	   tried = count;
	   if
	   :: entry_ticket[count % SIZE] == count ->
		buffer = entry_buffer[count % SIZE];
		if
		:: entry_ticket[count % SIZE] == count ->
#ifdef NO_CLAIM_FENCE
			before = revoked[buffer];
			claim[slot(me, buffer)] = count;
#else
			claim[slot(me, buffer)] = count;
			before = revoked[buffer];
#endif
#ifdef NO_RECHECK
			before = 0;
#endif
			if
			:: before < count -> got = count; break
			:: else ->
				refused = count;
				released[slot(me, buffer)] = count;
#ifndef NO_UNCLAIM_NEWS
				consumer_news();
#endif
				skip
			fi
		:: else
		fi
	   :: else
	   fi
	od;
	atomic { state = 0; count = 0; before = 0; tried = 0 }
}

inline take()
{
	if
	:: mode(me) == FIFO -> take_fifo()
	:: else -> take_latest()
	fi
}

/* The frame is this consumer's: look at it, give it back. */
inline use_frame()
{
	d_step {
		uses[slot(me, buffer)] = true;
		assert(content[buffer] == got);
		assert(mode(me) == LATEST || got == last + 1);
		missed = missed + got - last - 1;
		last = got
	};
	con_seen[me] = got; 	d_step { assert(content[buffer] == got); uses[slot(me, buffer)] = false };
	atomic { released[slot(me, buffer)] = got; buffer = 0; got = 0; taken++ };
	consumer_news()
}

inline consumer_sleep()
{
#ifdef NO_WAIT_FENCE
	sampled = pro_bell;
	take();
	if
	:: got == 0 && !over ->
		atomic { if :: pro_bell == sampled -> asleep[me] = true :: else fi };
		con_wait[me] = sampled + 1;
		!asleep[me]
	:: else
	fi;
#else
#ifdef EPOCH
	epoch++;
	con_wait[me] = epoch;
	sampled = pro_bell;
#else
	sampled = pro_bell;
	con_wait[me] = sampled + 1;
#endif
	take();
	if
	:: got == 0 && !over ->
		atomic { if :: pro_bell == sampled -> asleep[me] = true :: else fi };
		!asleep[me]
	:: else -> con_wait[me] = 0
	fi;
#endif
	sampled = 0
}

proctype consumer(byte me)
{
	byte last, got, taken, missed, count, state, buffer, before, sampled, refused, tried;
	bool over, wake;
#ifdef EPOCH
	byte answered, epoch;
#endif
	{
		do
		:: take();
		   do
		   :: got == 0 && !over ->
			consumer_sleep();
			if
			:: got == 0 && !over -> take()
			:: else
			fi
		   :: else -> break
		   od;
		   if
		   :: got != 0 -> use_frame()
		   :: else -> break
		   fi
		od;
		assert(taken + missed == pro_count);
		assert(mode(me) == LATEST || missed == 0);
		assert(die[0] || die[1] || die[PRODUCER] || pro_count == FRAMES);
		con_state[me] = ENDED;
		consumer_news()
	} unless { die[me] }
}

/* ---- the heir ---- */

inline bury_consumer(c)
{
#ifndef NO_BURIAL
	if
	:: con_state[c] == RUNNING -> con_state[c] = DEAD
	:: else
	fi;
	con_bell[c]++;
	asleep[PRODUCER] = false;
#endif
	skip
}

inline bury_producer()
{
#ifndef NO_BURIAL
	if
	:: pro_state == RUNNING -> pro_state = DEAD
	:: else
	fi;
	pro_bell++;
	atomic { asleep[0] = false; asleep[1] = false };
#endif
	skip
}

proctype heir()
{
	byte deaths;
	do
	:: deaths < DEATHS && !die[0] -> die[0] = true; deaths++; bury_consumer(0)
#if CONSUMERS == 2
	:: deaths < DEATHS && !die[1] -> die[1] = true; deaths++; bury_consumer(1)
#endif
	:: deaths < DEATHS && !die[PRODUCER] -> die[PRODUCER] = true; deaths++; bury_producer()
	:: break
	od
}

init
{
	atomic {
		run producer();
		run consumer(0);
#if CONSUMERS == 2
		run consumer(1);
#endif
		run heir()
	}
}
