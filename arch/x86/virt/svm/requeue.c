/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event that an exit interrupted: the next entry injects the event again.
 *
 * Rule: each event is delivered once. quirk.c corrects the report of an emulator.
 */
#include "arch/x86/virt/svm/svm.h"

/*
 * Injects again the event that the exit interrupted. The field has the format of the injection (APM
 * 2 15.7.2). INT n, INT3 and INTO raise their events again without help, because RIP still points
 * to the instruction.
 */
void svm_requeue_event(struct vcpu *v)
{
	enum { VECTOR_BP = 3, VECTOR_OF = 4 };
	const uint64_t event = v->vmcb->exit_interruption;
	const unsigned vector = event & 0xff, type = event & EVENT_TYPE;
	if (!(event & EVENT_VALID) || type == EVENT_SOFTWARE)
		return;
	if (type == EVENT_EXCEPTION && (vector == VECTOR_BP || vector == VECTOR_OF))
		return;
	if (svm_caps.wrong_event && quirk_wrong_event(v, event))
		return;
	v->vmcb->event_injection = event;
}
