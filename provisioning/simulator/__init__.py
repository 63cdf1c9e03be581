"""A CloudStack management server that is simulated: same socket, same answers, no hypervisors.

How the parts fit (read this before adding a command):

``server.py``      raw ASGI application: reads a request, gives it to ``dispatch.py``, writes the answer.
``dispatch.py``    authentication, role, parameters, the handler, the envelope; every refusal in its recorded form.
``registry.py``    ``@command("listZones")`` registers ``handler(ctx, p) -> result``; ``@background(seconds)`` registers
                   work that the cloud does by itself; ``@on_fresh`` fills a new cloud, ``@on_restart`` repairs after
                   a kill.
``context.py``     ``Ctx``: who calls, and the doors to state, jobs, events, alerts.  ``params.py``: ``Params``.
``state.py``       tables of ``Obj`` (``obj["name"]``, ``obj.set(name=...)``), indexes, removal, write-through storage.
``jobs.py``        asynchronous jobs whose effects come in steps on the simulated clock.
``clock.py``       real, scaled or manual time and one scheduler for everything that happens later.
``faults.py``      orders to fail; ``calllog.py`` what was called; ``control.py`` the ``/_sim/`` endpoint for tests.
``journal.py``     events and alerts.  ``responses.py`` JSON and XML.  ``catalog_data.py`` what installations ship.
``commands/*.py``  the commands, by area; every module in that folder is imported at start.

A handler checks, then changes objects with ``obj.set`` and returns a dict (``{"zone": {...}}``) or
``ctx.listing(...)``.
An asynchronous one returns ``ctx.job(steps, ...)`` where ``steps`` is a generator function::

    @command("stopVirtualMachine", refs={"id": "vm"})
    def stop(ctx, p):
        vm = p.obj("id")
        def steps(job):
            vm.set(state="Stopping")
            yield 1.0                       # one job's time; ``yield Seconds(30)`` waits that long whatever
            --job-seconds says
            vm.set(state="Stopped")
            return {"virtualmachine": vm_view(vm, ctx)}
        return ctx.job(steps, instance=("VirtualMachine", vm.uuid))

Refusals are ``raise ApiError(431, 4350, "text")``: before the job is returned they answer the call, inside a step they
fail the job.  Nothing here imports Django or any other package of this project.
"""
